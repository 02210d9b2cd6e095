// What a native library was built for, by its first bytes. Called by the checks before a start and by the doctor: to load
// one that is cut off, or made for another machine, can end the process without a word (docs/decisions/0022).
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Headers and section tables of every library that we look at lie within so many bytes, but for ELF's at the end. */
const HEAD_BYTES = 4096;

/** A native library as its header tells it. */
export interface NativeFile {
  platform: 'linux' | 'win32' | 'darwin';
  /** As in process.arch; `any` when it holds code for several, `unknown` for one that Node has no name for. */
  arch: string;
  /** False when the file ends before its header says so. */
  whole: boolean;
}

/**
 * The header of the library at `path`.
 * @returns the system's error code when it cannot be read, `invalid` when it is no library at all
 */
export function readNativeFile(path: string): NativeFile | string {
  try {
    const file = openSync(path, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const length = readSync(file, head, 0, HEAD_BYTES, 0);
      return describe(head.subarray(0, length), fstatSync(file).size) ?? 'invalid';
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A header that is cut off itself.
    return code?.startsWith('E') && !code.startsWith('ERR_') ? code : 'invalid';
  }
}

function describe(head: Buffer, size: number): NativeFile | undefined {
  if (head.toString('latin1', 0, 4) === '\x7fELF') return elf(head, size);
  if (head.toString('latin1', 0, 2) === 'MZ') return portableExecutable(head, size);
  const magic = head.readUInt32LE(0);
  const cpus: Record<number, string> = { 16777223: 'x64', 16777228: 'arm64' };
  if (magic === 0xfeedfacf)
    return { platform: 'darwin', arch: cpus[head.readUInt32LE(4)] ?? 'unknown', whole: true };
  return magic === 0xbebafeca ? { platform: 'darwin', arch: 'any', whole: true } : undefined;
}

function elf(head: Buffer, size: number): NativeFile {
  const machines: Record<number, string> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64' };
  const arch = machines[head.readUInt16LE(18)] ?? 'unknown';
  const is64 = head[4] === 2;
  // The table of sections is what a linker writes last.
  const end = is64 ? Number(head.readBigUInt64LE(40)) + head.readUInt16LE(58) * head.readUInt16LE(60) : 0;
  return { platform: 'linux', arch, whole: end <= size };
}

function portableExecutable(head: Buffer, size: number): NativeFile | undefined {
  const at = head.readUInt32LE(0x3c);
  if (head.toString('latin1', at, at + 4) !== 'PE\0\0') return undefined;
  const machines: Record<number, string> = { 332: 'ia32', 34404: 'x64', 43620: 'arm64' };
  const sections = head.readUInt16LE(at + 6);
  const table = at + 24 + head.readUInt16LE(at + 20);
  let end = 0;
  for (let section = table; section < table + sections * 40; section += 40)
    end = Math.max(end, head.readUInt32LE(section + 16) + head.readUInt32LE(section + 20));
  return { platform: 'win32', arch: machines[head.readUInt16LE(at + 4)] ?? 'unknown', whole: end <= size };
}
