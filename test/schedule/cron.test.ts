import { parseCron } from '../../src/schedule/cron.js';

const EVERY_DAY = Array.from({ length: 31 }, (_, index) => index + 1);
const EVERY_WEEKDAY = [0, 1, 2, 3, 4, 5, 6];
const EVERY_MONTH = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

test('lists, ranges, steps and names', () => {
  expect(parseCron('0,30-32,5 */6 1-31/10 jan,Jun-AUG *')).toEqual({
    minutes: [0, 5, 30, 31, 32],
    hours: [0, 6, 12, 18],
    months: [1, 6, 7, 8],
    days: [{ dates: [1, 11, 21, 31], weekdays: EVERY_WEEKDAY }],
  });
});

test.each([
  ['0', [0]],
  ['7', [0]],
  ['0,7', [0]],
  ['5-7', [0, 5, 6]],
  ['0-7', EVERY_WEEKDAY],
  ['*', EVERY_WEEKDAY],
  ['*/2', [0, 2, 4, 6]],
  ['MON-fri', [1, 2, 3, 4, 5]],
])('day of week %s', (text, weekdays) => {
  expect(parseCron(`0 0 * * ${text}`)).toMatchObject({ days: [{ dates: EVERY_DAY, weekdays }] });
});

test('a date or a weekday: where both say something, either counts', () => {
  expect(parseCron('0 0 13 * 5')).toEqual({
    minutes: [0],
    hours: [0],
    months: EVERY_MONTH,
    days: [
      { dates: [13], weekdays: EVERY_WEEKDAY },
      { dates: EVERY_DAY, weekdays: [5] },
    ],
  });
});

test.each([
  ['', /five fields.*not 1/],
  ['* * * *', /five fields.*not 4/],
  ['0 * * * * *', /five fields.*not 6/],
  ['@daily', /@daily are not supported/],
  ['@every 5 m x y', /not supported/],
  ['60 * * * *', /"60" is not a minute: numbers from 0 to 59/],
  ['* 24 * * *', /"24" is not a hour/],
  ['* * 0 * *', /"0" is not a day of month/],
  ['* * 32 * *', /day of month/],
  ['* * * 0 *', /month/],
  ['* * * 13 *', /month/],
  ['* * * * 8', /"8" is not a day of week/],
  ['* * L * *', /"L" is not a day of month/],
  ['* * 15W * *', /day of month/],
  ['* * * * 5#2', /day of week/],
  ['* * ? * *', /day of month/],
  ['* * * * 5L', /day of week/],
  ['5-1 * * * *', /minute/],
  ['*/0 * * * *', /minute/],
  ['5/15 * * * *', /minute/],
  ['*-5 * * * *', /minute/],
  ['1,,2 * * * *', /"" is not a minute/],
  ['-1 * * * *', /minute/],
  ['1.5 * * * *', /minute/],
  ['jan * * * *', /minute/],
  ['* * * sun *', /month/],
])('%j is refused', (expression, message) => {
  expect(parseCron(expression)).toMatch(message);
});
