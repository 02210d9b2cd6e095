// What is promised, checked on what lies in the cache and what the browser got, when a run is over. From what the
// requests have done alone: an error in the model of the merge rules (model.ts) cannot hide a change that was lost.
import type { Actor } from './actor.js';
import { type Content, minutesOf, same, show } from './content.js';
import type { Step } from './plan.js';
import type { Run } from './run.js';
import type { View } from './view.js';

/** A touch within this of the last use may be left out; the seed was used ten minutes ago. */
const IDLE_SECONDS = 600;

export async function checkEntries(run: Run, seed: Content): Promise<void> {
  for (const [index, id] of run.ids.entries()) {
    const found = await run.site.read(id);
    const views = run.actors.flatMap((actor) => actor.views).filter((view) => view.id === id && view.saved);
    if (run.toEnd.has(id)) {
      if (found) run.fault(`${id} was destroyed, and is there`);
      continue;
    }
    if (!found) {
      if (index === 0 || views.length > 0) run.fault(`${id} is gone, and nobody has ended it`);
      continue;
    }
    for (const lost of lostChanges(index === 0 ? seed : {}, views, found.content))
      run.fault(`${id}: ${lost}`);
    if (run.plan.settings.conflict === 'sum') checkHits(run, index === 0 ? seed : {}, views, found.content);
    const due = run.model.entry(id);
    if (!same(found, due)) run.fault(`${id} is ${show(found)}, where ${show(due)} was due`);
    const isRenewed = views.length > 0 && run.plan.settings.touchAfter < IDLE_SECONDS;
    if (isRenewed && found.minutes !== found.content.cookie)
      run.fault(`${id} was used, and has ${found.minutes} minutes left of ${found.content.cookie}`);
  }
}

/** Fields of which one session object alone has saved a change have what it saved last; others are as they were. */
function lostChanges(seed: Content, views: View[], found: Content): string[] {
  const fields = Object.keys({ ...seed, ...found, ...Object.assign({}, ...views.map(({ now }) => now)) });
  return fields.flatMap((field) => {
    const writers = views.filter(({ saved }) => saved?.changed.has(field));
    if (writers.length > 1) return [];
    const due = writers[0] ? writers[0].saved?.content[field] : seed[field];
    return same(found[field], due) ? [] : [`${field} is ${show(found[field])}, and ${show(due)} was lost`];
  });
}

function checkHits(run: Run, seed: Content, views: View[], found: Content): void {
  const added = views.reduce((sum, { saved }) => sum + (saved?.added ?? 0), 0);
  const due = Number(seed.hits ?? 0) + added;
  if (Number(found.hits ?? 0) !== due) run.fault(`hits are ${found.hits}, and not ${due}`);
}

/** @param id the session that the request came with */
export function checkCookies({ run, view, views, steps, answer, index }: Actor, id: string): void {
  const fault = (what: string) => run.fault(`the answer to request ${index}: ${what}`);
  if (answer?.status !== 200 || String(answer.body) !== 'done') return fault(`status ${answer?.status}`);
  // One without a value takes away what the request came with; @fastify/session may set a new one behind it.
  const [cookie, ...more] = (answer.headers['set-cookie'] ?? []).filter((text) => !text.startsWith('sid=;'));
  if (more.length > 0) return fault('more than one cookie');
  const { framework } = run.site;
  if (!cookie) {
    const isDue = view && framework.setsCookie(view.id === id, views, run.plan.settings);
    return isDue ? fault('no cookie') : undefined;
  }
  if (!view) return fault('a cookie of a session that was destroyed');
  const named = (text: string) => decodeURIComponent(text.split(';', 1)[0] ?? '');
  if (named(cookie) !== named(framework.cookieOf(view.id))) {
    const isLate = framework.setsLateCookies && regeneratesAfterSave(steps);
    const former = views.some(({ id }) => named(framework.cookieOf(id)) === named(cookie));
    return isLate && former ? undefined : fault('the cookie names another session');
  }
  const minutes = minutesOf(Date.parse(/expires=([^;]+)/i.exec(cookie)?.[1] ?? '') - Date.now());
  if (minutes !== view.now.cookie) fault(`the cookie lives ${minutes} of ${view.now.cookie} minutes`);
}

/** A save that it has not awaited may still be under way when it regenerates. */
function regeneratesAfterSave(steps: readonly Step[]): boolean {
  const save = steps.indexOf('save, not awaited');
  return save !== -1 && steps.indexOf('regenerate', save) !== -1;
}
