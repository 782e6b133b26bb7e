import type { Operation } from '../../src/http/routes.js';
import { type EventRow, shown, testsIn } from '../wire/event-row.js';

const lists = testsIn('http/lists.test');
const deployments = testsIn('http/deployments.test');
const deploymentRuns = testsIn('http/deployment-runs.test');
const dreams = testsIn('http/dreams.test');
const profiles = testsIn('http/user-profiles.test');
const enrollment = testsIn('http/enrollment.test');
const tunnels = testsIn('http/tunnels.test');
const webhooks = testsIn('http/webhooks.test');

/** Deployments, dreams, user profiles, tunnels, webhooks, models: what each row documents, and the test that shows it. */
export const PLATFORM_ROWS = {
  'deployments.create': {
    'a field that is wrong, by name': shown(deployments('create with %s is 400')),
    '400 for what is archived or not there': shown(
      deployments('what it refers to has to be there, alive and fit, at creation and at each change'),
    ),
  },
  'deployments.retrieve': {},
  'deployments.update': {
    '400 once archived': shown(deployments('an archived one is read-only, has no Schedule and no time to come')),
    '400 for what is archived or not there': shown(
      deployments('what it refers to has to be there, alive and fit, at creation and at each change'),
    ),
  },
  'deployments.list': {
    '400 for status together with include_archived': shown(
      deployments('lists are newest first, in pages, by agent, status and age'),
    ),
  },
  'deployments.archive': {
    'again: unchanged': shown(deployments('an archived one is read-only, has no Schedule and no time to come')),
  },
  'deployments.pause': {
    '400 once archived': shown(deployments('an archived one is read-only, has no Schedule and no time to come')),
  },
  'deployments.run': {
    'a run without a session says why': shown(
      deploymentRuns('why there is no session is told by the run; the deployment is not paused'),
    ),
    '400 once archived': shown(deployments('an archived one is read-only, has no Schedule and no time to come')),
  },
  'deployments.unpause': {
    '400 once archived': shown(deployments('an archived one is read-only, has no Schedule and no time to come')),
  },
  'deploymentRuns.retrieve': {},
  'deploymentRuns.list': {
    filters: shown(deploymentRuns('newest first, in pages, by deployment, error, trigger and age')),
  },
  'dreams.create': {
    'a field that is wrong, by name': shown(dreams('what the request may not be')),
    '409 while another writes into the store': shown(
      dreams('one dream at a time writes into a store, until it is let go of'),
    ),
  },
  'dreams.retrieve': {
    'why it failed': shown(dreams('when %s before it begins it fails, says so, and leaves nothing')),
  },
  'dreams.list': {
    filters: shown(dreams('archive hides what has ended, and nothing else')),
  },
  'dreams.archive': {
    '400 before its end; again: unchanged': shown(dreams('archive hides what has ended, and nothing else')),
  },
  'dreams.cancel': {
    '400 after another end': shown(
      dreams('a dream that takes too long is interrupted and has failed; what fails cannot be cancelled'),
    ),
    'again: unchanged': shown(dreams('cancel ends it at once, and its session soon; it stays cancelled')),
  },
  'userProfiles.create': {
    'a field that is wrong, by name': shown(profiles('create with %s is 400')),
  },
  'userProfiles.retrieve': {},
  'userProfiles.update': {
    '400 for null, and for fields of another form': shown(
      profiles('update refuses null for details and pairs, more than 16 pairs, and the form of another header'),
    ),
  },
  'userProfiles.list': {
    '400 for a cursor of another order': shown(profiles('a cursor serves the order it was made in')),
  },
  'userProfiles.delete': {},
  'userProfiles.createEnrollmentURL': {
    'a URL that can be opened': shown(
      enrollment('an enrolment URL: opened without a key, confirmed once, seen as a trust grant'),
    ),
  },
  'userProfiles.actionURLs.create': {
    '400 for another action': shown(
      enrollment('a profile that is not there has none, and neither has an action that is not known'),
    ),
    'a URL that can be opened': shown(enrollment('an action URL is the same by another name')),
  },
  'tunnels.create': {
    'a field that is wrong, by name': shown(tunnels('other bad bodies are 400, and name the field')),
  },
  'tunnels.retrieve': {},
  'tunnels.list': {},
  'tunnels.archive': {
    'again: unchanged; its certificates go along': shown(
      tunnels('an archived tunnel: its certificates go along, its token is over, and it stays readable'),
    ),
  },
  'tunnels.revealToken': {
    '400 once archived': shown(
      tunnels('an archived tunnel: its certificates go along, its token is over, and it stays readable'),
    ),
  },
  'tunnels.rotateToken': {
    '400 once archived': shown(
      tunnels('an archived tunnel: its certificates go along, its token is over, and it stays readable'),
    ),
  },
  'tunnels.certificates.create': {
    '400 for the third': shown(tunnels('a tunnel holds two certificates that are not archived')),
    '400 for what is no certificate': shown(tunnels('a certificate of %s is 400')),
  },
  'tunnels.certificates.retrieve': {
    'of another tunnel: 404': shown(tunnels('what is not there is 404, a certificate of another tunnel too')),
  },
  'tunnels.certificates.list': {},
  'tunnels.certificates.archive': {},
  'organization.webhooks.create': {
    '400 for addresses and events that cannot be': shown(webhooks('%j is refused')),
    '400 for the thirty-third': shown(webhooks('may be 32, enabled or not')),
    '404 without the beta header': shown(webhooks('without the beta header are not there')),
  },
  'organization.webhooks.retrieve': {},
  'organization.webhooks.update': {
    'enabled again': shown(webhooks('enabling clears the reason that the server had to disable one')),
  },
  'organization.webhooks.list': {
    'both ways': shown(webhooks('are listed newest first, page by page, in both directions')),
  },
  'organization.webhooks.delete': {},
  'organization.webhooks.regenerateSigningSecret': {
    'the old one is over': shown(webhooks('a new secret takes the place of the old one')),
  },
  'models.retrieve': {
    'by an alias': shown(lists('models: Page style, both directions, stages of life, aliases')),
  },
  'models.list': {
    'both ways, by lifecycle': shown(lists('models: Page style, both directions, stages of life, aliases')),
  },
} satisfies { readonly [Name in Operation]?: Readonly<Record<string, EventRow>> };
