// Whether a Ctrl-C that reached this process came from its terminal, which gives it to the command as well. Called by main.ts.
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Whether this process is one of those that the terminal sends its signals to, all at once. */
export function inForeground(): boolean {
  try {
    // Linux: behind the name in brackets come state, parent, process group, session, terminal, the terminal's group.
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return terminal !== '0' && group === foreground;
  } catch {
    return [0, 1, 2].some((fd) => isatty(fd));
  }
}
