import { describe, expect, it } from 'vitest';
import { TrafficLedger, type PoolReading, type Totals } from './traffic-ledger.js';

function reading(counters: Partial<Totals>, over: Partial<PoolReading> = {}): PoolReading {
  return {
    pool: 'pool-0001',
    environmentId: 'e1',
    openConnections: 0,
    slowestMs: 0,
    ...over,
    counters: { requests: 0, responses5xx: 0, brokenOff: 0, unanswered: 0, tunnelsCut: 0, connectionErrors: 0, bytesIn: 0, bytesOut: 0, ...counters },
  };
}

describe('the ledger of traffic', () => {
  it('counts a deployment from its beginning only', () => {
    const ledger = new TrafficLedger();
    ledger.take('run 1', [reading({ requests: 100, responses5xx: 5 })]);
    ledger.begin('e1', 'd1');
    ledger.take('run 1', [reading({ requests: 130, responses5xx: 6 }, { slowestMs: 40 })]);
    expect(ledger.counts()).toEqual([{ deploymentId: 'd1', environmentId: 'e1', requests: 30, failed: 1, connectionsDropped: 0, slowestMs: 40 }]);
  });

  it('never falls when HAProxy begins anew', () => {
    const ledger = new TrafficLedger();
    ledger.take('run 1', [reading({ requests: 100 })]);
    ledger.begin('e1', 'd1');
    ledger.take('run 1', [reading({ requests: 150 })]);
    ledger.take('run 2', [reading({ requests: 7 })]);
    expect(ledger.counts()[0]?.requests).toBe(57);
    expect(ledger.totals('e1').requests).toBe(157);
  });

  it('keeps the longest time though other deployments clear the maxima', () => {
    const ledger = new TrafficLedger();
    ledger.begin('e1', 'd1');
    ledger.take('run 1', [reading({}, { slowestMs: 90 })]);
    ledger.take('run 1', [reading({}, { slowestMs: 3 })]);
    expect(ledger.counts()[0]?.slowestMs).toBe(90);
  });

  it('counts one cut request once, however HAProxy counts it', () => {
    const ledger = new TrafficLedger();
    ledger.begin('e1', 'd1');
    ledger.take('2.6', [reading({ requests: 1, brokenOff: 1, unanswered: 1 })]);
    expect(ledger.counts()).toMatchObject([{ failed: 1, connectionsDropped: 1 }]);
  });

  it('counts requests that HAProxy took with it as failed and dropped, whatever was cut before', () => {
    const ledger = new TrafficLedger();
    ledger.begin('e1', 'd1');
    ledger.take('run 1', [reading({ requests: 9, brokenOff: 1, unanswered: 2 })]);
    ledger.addRequestsCut('e1', 3);
    ledger.take('run 2', [reading({ requests: 1 })]);
    expect(ledger.counts()).toMatchObject([{ requests: 10, failed: 5, connectionsDropped: 5 }]);
  });

  it('does not keep a request that was between two counters as failed', () => {
    const ledger = new TrafficLedger();
    ledger.begin('e1', 'd1');
    ledger.take('run 1', [reading({ requests: 10, unanswered: 1 })]);
    ledger.take('run 1', [reading({ requests: 10, unanswered: 0 })]);
    ledger.take('run 1', [reading({ requests: 10, unanswered: -1 })]);
    expect(ledger.counts()).toMatchObject([{ failed: 0, connectionsDropped: 0 }]);
  });

  it('charges a pool to its new owner from the moment it changed hands', () => {
    const ledger = new TrafficLedger();
    ledger.take('run 1', [reading({ requests: 100 })]);
    ledger.keepOnly(new Set(['e2']));
    ledger.take('run 1', [reading({ requests: 104 }, { environmentId: 'e2' })]);
    expect(ledger.totals('e2').requests).toBe(4);
    expect(ledger.totals('e1').requests).toBe(0);
  });

  it('goes on from its file', () => {
    const ledger = new TrafficLedger();
    ledger.take('run 1', [reading({ requests: 100 })]);
    ledger.begin('e1', 'd1');
    const later = new TrafficLedger(JSON.parse(ledger.toText()));
    later.take('run 1', [reading({ requests: 120 })]);
    expect(later.counts()).toMatchObject([{ deploymentId: 'd1', requests: 20 }]);
  });
});
