/** What is sent to one endpoint about one event. Holds neither the endpoint's URL nor its secret: Temporal keeps it. */
export interface Delivery {
  endpoint_id: string;
  event_id: string;
  /** The event as it is signed and sent: these very bytes, at every attempt. */
  body: string;
}

/** Where a delivery goes, read anew at each attempt. */
export interface Target {
  url: string;
  /** `whsec_…` */
  secret: string;
}

/** What came of one attempt. */
export type Posted =
  | { type: 'accepted'; status: number }
  /** Not one to be followed. */
  | { type: 'redirected'; status: number }
  /** Nothing was sent. */
  | { type: 'private_address' }
  | { type: 'failed'; why: string };

/** Endpoints as deliveries see them. */
export interface Targets {
  /** Undefined when it takes no deliveries: it is disabled or was deleted. One whose secret cannot be opened is disabled, and why is thrown. */
  find(endpointId: string): Promise<Target | undefined>;
  succeeded(endpointId: string): Promise<void>;
  /** All attempts to deliver one event failed. An endpoint of which that can be said for long enough is disabled. */
  failed(endpointId: string): Promise<void>;
  disable(endpointId: string, reason: string): Promise<void>;
}
