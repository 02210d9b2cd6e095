// Who Windows programs run as here, and where that user's files lie, seen from this system.
import { join } from 'node:path';
import { runProgram } from './program.js';
import { CACHE } from './wine.js';

/** A path C:\… as this system sees it. */
export const driveC = (path: string) => join(CACHE, 'prefix/drive_c', path.slice(3).replaceAll('\\', '/'));

export async function windowsUser(): Promise<{ name: string; localAppData: string }> {
  const script = join(import.meta.dirname, 'on-windows/user.js');
  const { stdout } = await runProgram({ args: [script] });
  const { name, localAppData } = JSON.parse(stdout);
  return { name, localAppData: driveC(localAppData) };
}
