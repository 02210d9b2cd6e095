// What fast-check draws for one run: how store and middleware are set, what each request does, and who comes next each
// time that there is a choice. Knows nothing of how it is played.
import fc from 'fast-check';

/** What a request can do between the load and the end of its response. `own` is a field that no other request has. */
export type Step =
  | 'set own'
  | 'push own'
  | 'delete own'
  | 'set shared'
  | 'delete shared'
  | 'set flag'
  | 'delete flag'
  | 'set user'
  | 'delete user'
  | 'add'
  | 'remember 20 min'
  | 'remember 2 h'
  | 'remember 30 d'
  | 'touch'
  | 'wait'
  | 'save'
  | 'save, not awaited'
  | 'reload'
  | 'destroy'
  | 'regenerate';

export interface Settings {
  /** `sum`: a function that adds up what was added to `hits`, and takes mine of other fields. */
  conflict: 'mine' | 'theirs' | 'sum';
  resave: boolean;
  rolling: boolean;
  saveUninitialized: boolean;
  /** Seconds. The session was used 10 minutes ago: 300 is less than that, 1800 is more. */
  touchAfter: 0 | 300 | 1800;
  /** Each request has a store of its own, as in processes of their own; else they share one. */
  apart: boolean;
  /** The stored session has a field named like a method of Session, which express-session leaves out of it. */
  hidden: boolean;
}

export interface Plan {
  settings: Settings;
  /** One list for each request. */
  requests: Step[][];
  /** The how manieth of those that wait goes on; the eldest one when the list is at its end. */
  order: number[];
}

/** How often a step is drawn, in parts. Those that end the session are few: most runs shall have something to lose. */
const WEIGHTS: Record<Step, number> = {
  'set own': 4,
  'push own': 4,
  'delete own': 2,
  'set shared': 3,
  'delete shared': 2,
  'set flag': 1,
  'delete flag': 1,
  'set user': 1,
  'delete user': 1,
  add: 5,
  'remember 20 min': 1,
  'remember 2 h': 1,
  'remember 30 d': 1,
  touch: 1,
  wait: 4,
  save: 4,
  'save, not awaited': 4,
  reload: 2,
  destroy: 1,
  regenerate: 1,
};

/**
 * A save gives up after 8 tries, each of which meets a change by somebody else. So many saves of the application, and
 * one at the end of each other response, are not enough for that: no request may answer an error.
 */
const MAX_SAVES = 4;
const MAX_REQUESTS = 4;

const settings: fc.Arbitrary<Settings> = fc.record({
  conflict: fc.constantFrom('mine', 'theirs', 'sum'),
  resave: fc.boolean(),
  rolling: fc.boolean(),
  saveUninitialized: fc.boolean(),
  touchAfter: fc.constantFrom(0, 300, 1800),
  apart: fc.boolean(),
  hidden: fc.nat(3).map((one) => one === 3),
});

const step = fc.oneof(
  ...Object.entries(WEIGHTS).map(([step, weight]) => ({ arbitrary: fc.constant(step as Step), weight })),
);

export const plans: fc.Arbitrary<Plan> = fc.record({
  settings,
  requests: fc
    .array(fc.array(step, { maxLength: 6, size: 'max' }), {
      minLength: 2,
      maxLength: MAX_REQUESTS,
      size: 'max',
    })
    .map(withFewSaves),
  order: fc.array(fc.nat(11), { maxLength: 40, size: 'max' }),
});

function withFewSaves(requests: Step[][]): Step[][] {
  let saves = 0;
  return requests.map((steps) => steps.filter((step) => !step.startsWith('save') || ++saves <= MAX_SAVES));
}
