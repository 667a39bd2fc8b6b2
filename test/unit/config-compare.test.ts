import { compareWithState, findObstacles } from '../../api/config/compare';
import { findMisfits, findWarnings } from '../../api/config/misfits';
import { digestOf, presentChanges } from '../../api/config/present';
import type { ConfigState } from '../../api/config/state';
import { configDocumentSchema, type ConfigDocument } from '../../contract/config-document';
import { sampleConfig, type ConfigInput } from '../system/config-sample';

const document = (edit: (input: ConfigInput) => void = () => undefined): ConfigDocument => {
  const input = sampleConfig();
  edit(input);
  return configDocumentSchema.parse(input);
};

const NOTHING: ConfigState = {
  campaign: null,
  publishers: new Map(),
  buyers: new Map(),
  numbers: new Map(),
  assignments: new Map(),
  limits: new Map(),
  goal: null,
  plan: null,
  flow: null,
};

/** The database after a document was applied. */
function stateAfter({
  campaign,
  publishers,
  buyers,
  numbers,
  assignments,
  limits = [],
  goal = null,
  plan,
  flow,
}: ConfigDocument): ConfigState {
  const status = campaign.status ?? 'draft';
  return {
    campaign: { ...campaign, status },
    publishers: new Map(publishers.map((publisher) => [publisher.id, publisher])),
    buyers: new Map(buyers.map((buyer) => [buyer.id, buyer])),
    numbers: new Map(
      numbers.map((number) => [
        number.number,
        { ...number, campaignId: campaign.id, campaignStatus: status },
      ]),
    ),
    assignments: new Map(
      assignments.map((it) => [it.id, { ...it, campaignId: campaign.id, removed: false }]),
    ),
    limits: new Map(limits.map((limit) => [limit.id, limit])),
    goal,
    plan: plan === null ? null : { version: 1, definition: plan },
    flow: flow === null ? null : { version: 1, definition: flow },
  };
}

const changesOf = (wanted: ConfigDocument, state: ConfigState) =>
  presentChanges(compareWithState(wanted, state), { plan: 2, flow: 2 });
const headsOf = (wanted: ConfigDocument, state: ConfigState): string[] =>
  changesOf(wanted, state).map(({ action, entity, id }) => `${action} ${entity} ${id}`);

describe('a document held against what is there', () => {
  it('creates all of it where there is nothing', () => {
    const wanted = document();
    expect(headsOf(wanted, NOTHING)).toEqual([
      'create campaign cmp_roofing',
      'create publisher pub_search',
      'create buyer buy_alpha',
      'create buyer buy_bravo',
      'create assignment asg_roofing_alpha',
      'create assignment asg_roofing_bravo',
      expect.stringContaining('create number +1312555'),
      'publish plan 2',
      'publish flow 2',
    ]);
    expect(findObstacles(wanted, NOTHING)).toEqual([]);
  });

  it('changes nothing where all of it is there, whatever the order of its lists', () => {
    const wanted = document();
    const turned = document((input) => {
      input.buyers?.reverse();
      input.assignments?.reverse();
    });
    expect(changesOf(turned, stateAfter(wanted))).toEqual([]);
  });

  it('leaves the status alone that a document does not name', () => {
    const state = stateAfter(document());
    const wanted = document((input) => {
      delete input.campaign.status;
    });
    expect(changesOf(wanted, state)).toEqual([]);
  });

  it('removes assignments and releases numbers that are left out, and never buyers or publishers', () => {
    const state = stateAfter(document());
    const wanted = document((input) => {
      input.buyers = [];
      input.publishers = [];
      input.numbers = [];
      input.assignments?.pop();
      input.plan?.rules[0]?.candidates?.pop();
    });
    expect(headsOf(wanted, state)).toEqual([
      'remove assignment asg_roofing_bravo',
      expect.stringContaining('remove number +1312555'),
      'publish plan 2',
    ]);
  });

  it('says which fields change, and tells other changes by another digest', () => {
    const state = stateAfter(document());
    const wanted = document((input) => {
      input.campaign.spamWindowSeconds = 30;
    });
    const changes = changesOf(wanted, state);
    expect(changes).toMatchObject([
      {
        action: 'update',
        entity: 'campaign',
        patch: [{ op: 'replace', path: '/spamWindowSeconds', value: 30 }],
        lines: ['~ spamWindowSeconds: 0 → 30'],
      },
    ]);
    const other = document((input) => {
      input.campaign.spamWindowSeconds = 31;
    });
    expect(digestOf(changesOf(other, state))).not.toBe(digestOf(changes));
    expect(digestOf(changesOf(wanted, state))).toBe(digestOf(changes));
  });

  it.each<[string, (input: ConfigInput) => void, (state: ConfigState) => ConfigState, string, boolean]>([
    [
      'a number of an active campaign',
      () => undefined,
      (state) => ({
        ...state,
        numbers: new Map(
          [...state.numbers].map(([key, number]) => [
            key,
            { ...number, campaignId: 'cmp_other', campaignStatus: 'active' as const },
          ]),
        ),
      }),
      '/numbers/0/number',
      true,
    ],
    [
      "another campaign's assignment",
      () => undefined,
      (state) => ({
        ...state,
        assignments: new Map(
          [...state.assignments].slice(0, 1).map(([key, it]) => [key, { ...it, campaignId: 'cmp_other' }]),
        ),
      }),
      '/assignments/0/id',
      false,
    ],
    [
      'an assignment that would go to another buyer',
      (input) => {
        const [first] = input.assignments ?? [];
        if (first) first.buyerId = 'buy_bravo';
      },
      (state) => state,
      '/assignments/0/buyerId',
      false,
    ],
    [
      'a buyer nobody knows',
      (input) => {
        input.buyers = [];
      },
      () => NOTHING,
      '/assignments/0/buyerId',
      false,
    ],
    [
      'a publisher nobody knows',
      (input) => {
        input.publishers = [];
      },
      () => NOTHING,
      '/numbers/0/publisherId',
      false,
    ],
    [
      'another currency for a campaign that takes calls',
      (input) => {
        input.campaign.currency = 'EUR';
      },
      (state) => state,
      '/campaign/currency',
      false,
    ],
    [
      'a draft made of a campaign that takes calls',
      (input) => {
        input.campaign.status = 'draft';
      },
      (state) => state,
      '/campaign/status',
      false,
    ],
    [
      'an archived campaign that takes calls again',
      () => undefined,
      (state) => ({ ...state, campaign: state.campaign && { ...state.campaign, status: 'archived' } }),
      '/campaign/status',
      false,
    ],
    [
      'an active campaign without a plan',
      (input) => {
        input.plan = null;
      },
      (state) => state,
      '/plan',
      false,
    ],
  ])('refuses %s, by the field that has to change', (_, edit, change, pointer, conflict) => {
    const obstacles = findObstacles(document(edit), change(stateAfter(document())));
    expect(obstacles[0]).toMatchObject({ pointer, conflict });
  });

  it('lets a number be taken from a campaign that is not active', () => {
    const state = stateAfter(document());
    const paused: ConfigState = {
      ...state,
      numbers: new Map(
        [...state.numbers].map(([key, it]) => [
          key,
          { ...it, campaignId: 'cmp_other', campaignStatus: 'paused' as const },
        ]),
      ),
    };
    expect(findObstacles(document(), paused)).toEqual([]);
    expect(changesOf(document(), paused)).toMatchObject([
      { action: 'update', entity: 'number', lines: ['~ campaignId: "cmp_other" → "cmp_roofing"'] },
    ]);
  });
});

describe('a document by itself', () => {
  it('fits', () => {
    expect(findMisfits(document())).toEqual([]);
    expect(findWarnings(document())).toEqual([]);
  });

  it('names what is there twice', () => {
    const twice = document((input) => {
      const [number] = input.numbers ?? [];
      const [buyer] = input.buyers ?? [];
      if (number && buyer) {
        input.numbers?.push(number);
        input.buyers?.push(buyer);
      }
    });
    expect(findMisfits(twice).map(({ pointer }) => pointer)).toEqual(['/buyers/2/id', '/numbers/1/number']);
  });

  it('names candidates it has no assignment of', () => {
    const wanted = document((input) => {
      input.assignments?.shift();
    });
    expect(findMisfits(wanted)).toMatchObject([
      {
        pointer: '/plan/rules/0/candidates/0/assignmentId',
        message: expect.stringContaining('asg_roofing_alpha') as unknown,
      },
    ]);
  });

  it('names what is wrong with its flow, and apart from it what may be', () => {
    const wrong = document((input) => {
      if (input.flow) input.flow.start = 'nowhere';
    });
    expect(findMisfits(wrong).map(({ pointer }) => pointer)).toContain('/flow/start');
    const odd = document((input) => {
      if (input.flow) input.flow.nodes['orphan'] = { kind: 'route' };
    });
    expect(findMisfits(odd)).toEqual([]);
    expect(findWarnings(odd).map(({ pointer }) => pointer)).toEqual(['/flow/nodes/orphan']);
  });
});
