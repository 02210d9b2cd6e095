// Packs both packages, installs each in an empty folder, prints what they weigh, and writes it into docs/packages.md.
// Run by `npm run sizes`.
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm, pack } from './npm.js';

const page = fileURLToPath(new URL('../docs/packages.md', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'azurecache-sizes-'));
const rows = [];
try {
  for (const which of ['sidecar', 'client']) {
    const { name, file, size, unpackedSize, files } = await pack(which, folder);
    const app = join(folder, which);
    mkdirSync(app);
    writeFileSync(join(app, 'package.json'), '{}\n');
    await npm(['install', '--no-audit', '--no-fund', file], { cwd: app });
    const modules = join(app, 'node_modules');
    rows.push([`\`${name}\``, files.length, mb(size), mb(unpackedSize), packages(app), mb(bytes(modules))]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const table = [
  '| Package | Files | Packed | Unpacked | Packages installed | Installed, with dependencies |',
  '|---|---|---|---|---|---|',
  ...rows.map((row) => `| ${row.join(' | ')} |`),
  '',
  `Measured by \`npm run sizes\` on ${process.platform}-${process.arch}, Node ${process.versions.node}.`,
].join('\n');
console.log(table);
const text = readFileSync(page, 'utf8');
writeFileSync(
  page,
  text.replace(/(<!-- sizes -->\n)[\s\S]*?(\n<!-- end -->)/, (_, a, b) => a + table + b),
);

/** Of the files of a folder; links count for nothing. */
function bytes(path) {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.isFile() ? stat.size : 0;
  return readdirSync(path).reduce((sum, name) => sum + bytes(join(path, name)), 0);
}

function packages(app) {
  const { packages } = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8'));
  return Object.keys(packages).length;
}

function mb(size) {
  return `${(size / 1e6).toFixed(1)} MB`;
}
