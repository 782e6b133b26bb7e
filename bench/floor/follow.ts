import type { Client } from '@temporalio/client';
import type { FloorEvent } from './protocol.js';

/** Tells of each event of a workflow once its history is committed; `hint` says up to where there will be some. */
export interface Follower {
  hint(workflowId: string, seq: number): void;
}

interface Place {
  token: Uint8Array | null;
  seq: number;
  wanted: number;
  isReading: boolean;
}

export function createFollower(client: Client, tell: (workflowId: string, event: FloorEvent) => void): Follower {
  const places = new Map<string, Place>();
  const read = async (workflowId: string, place: Place): Promise<void> => {
    place.isReading = true;
    while (place.seq < place.wanted) {
      const response = await client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId },
        nextPageToken: place.token,
        waitNewEvent: true,
      });
      place.token = response.nextPageToken ?? null;
      for (const { markerRecordedEventAttributes: marker } of response.history?.events ?? []) {
        for (const event of eventsOf(marker?.details?.['result']?.payloads?.[0]?.data)) {
          place.seq = event.seq;
          tell(workflowId, event);
        }
      }
    }
    place.isReading = false;
  };
  return {
    hint(workflowId, seq) {
      const place = places.get(workflowId) ?? { token: null, seq: 0, wanted: 0, isReading: false };
      places.set(workflowId, place);
      place.wanted = Math.max(place.wanted, seq);
      if (!place.isReading) void read(workflowId, place);
    },
  };
}

function eventsOf(data: Uint8Array | null | undefined): FloorEvent[] {
  // The workflow's only local activity returns its batch.
  return data ? JSON.parse(Buffer.from(data).toString()) : [];
}
