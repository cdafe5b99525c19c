#!/usr/bin/env node
// Bundles the programs and compiles the C: into dist/ what is installed, into build/ what tests and the bench use.
// `build.mjs dist` makes the former alone, which needs no library but libc.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);
const root = import.meta.dirname;
process.chdir(root);
mkdirSync('dist', { recursive: true });
mkdirSync('build', { recursive: true });

const bundles = [
  { entry: 'src/main.ts', outfile: 'dist/realtime-brokerd.js' },
  { entry: 'src/cli/main.ts', outfile: 'dist/rtbroker.js' },
  { entry: 'src/manual/main.ts', outfile: 'build/manual.js' },
  { entry: 'test/demo/main.ts', outfile: 'build/demo.js' },
  { entry: 'test/kills/main.ts', outfile: 'build/kills.js' },
  { entry: 'bench/main.ts', outfile: 'build/bench.js' },
  { entry: 'test/fuzz/fuzzer.ts', outfile: 'build/fuzzer.js' },
  { entry: 'test/fuzz/main.ts', outfile: 'build/fuzz.js' },
  { entry: 'test/soak/main.ts', outfile: 'build/soak.js' },
  { entry: 'test/vm/main.ts', outfile: 'build/vm.js' },
];

const strict = ['-O2', '-g', '-Wall', '-Wextra', '-Werror', '-pthread'];

const compiled = [
  {
    sources: sourcesIn('native'),
    out: 'dist/librealtime-broker.so',
    flags: ['-std=c11', '-fPIC', '-fvisibility=hidden', '-shared'],
  },
  { sources: sourcesIn('native/run'), out: 'dist/rtbroker-run', flags: ['-std=gnu11'] },
  ...programsIn('test/fixtures', 'build/'),
  ...programsIn('bench', 'build/bench-'),
];

/** The manual pages are what build/manual.js writes. */
const isWanted = (out) => process.argv[2] !== 'dist' || out.startsWith('dist/') || out === 'build/manual.js';

const outcomes = await Promise.allSettled([
  putKoffi(),
  ...bundles.filter(({ outfile }) => isWanted(outfile)).map(bundle),
  ...compiled.filter(({ out }) => isWanted(out)).map(compile),
]);
for (const { reason } of outcomes.filter(({ status }) => status === 'rejected')) {
  console.error(reason.stderr ?? reason.message);
  process.exitCode = 1;
}

if (!process.exitCode) {
  await run(process.execPath, ['build/manual.js', 'dist']);
  console.log('dist/man');
}

/** A program is NAME.c with all in NAME/, or NAME/main.c; and beside either, the sources whose headers it includes. */
function programsIn(folder, prefix) {
  if (!existsSync(folder)) return [];
  const names = new Set(readdirSync(folder).map((name) => name.replace(/\.c$/, '')));
  return [...names].flatMap((name) => {
    const mains = [join(folder, `${name}.c`), join(folder, name, 'main.c')].filter((main) => existsSync(main));
    if (mains.length === 0) return [];
    const sources = new Set();
    for (const source of [...mains, ...sourcesIn(join(folder, name))]) addIncluded(source, sources);
    return [
      {
        sources: [...sources],
        out: `${prefix}${name}`,
        flags: ['-std=gnu11'],
        libraries: ['-Wl,--as-needed', '-lsystemd'],
      },
    ];
  });
}

function addIncluded(source, sources) {
  sources.add(source);
  for (const [, header] of readFileSync(source, 'utf8').matchAll(/^#include "(.+)\.h"/gm)) {
    const beside = join(dirname(source), `${header}.c`);
    if (existsSync(beside) && !sources.has(beside)) addIncluded(beside, sources);
  }
}

function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .sort()
    .map((name) => join(folder, name));
}

async function bundle({ entry, outfile }) {
  if (!existsSync(entry)) return console.log(`${outfile}: left out, there is no ${entry} yet`);

  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    banner: { js: '#!/usr/bin/env node' },
    loader: { '.xml': 'text' },
    define: { __VERSION__: JSON.stringify(version) },
    plugins: [koffiBeside(outfile)],
    logLevel: 'warning',
  });
  for (const { contents } of outputFiles) await put(outfile, (to) => writeFile(to, contents, { mode: 0o755 }));
  console.log(outfile);
}

/** koffi's own loader tries file after file and takes milliseconds to find what we know: its addon for this platform. */
function koffiBeside(outfile) {
  const path = relative(dirname(outfile), 'dist/koffi.node');
  return {
    name: 'koffi-beside',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^koffi$/ }, () => ({ path: path.startsWith('.') ? path : `./${path}`, external: true })),
  };
}

async function putKoffi() {
  const platform = `${process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('koffi'));
  const folder = `${process.platform}_${process.arch}`;
  const addon = join(dirname(require.resolve(`@koromix/koffi-${platform}`)), folder, 'koffi.node');
  await put('dist/koffi.node', (to) => copyFile(addon, to));
}

async function compile({ sources, out, flags, libraries = [] }) {
  if (sources.length === 0) return console.log(`${out}: left out, there are no sources yet`);

  await put(out, (to) => run('cc', [...strict, ...flags, '-o', to, ...sources, ...libraries]));
  console.log(out);
}

/** By rename: whoever has the old file mapped keeps it whole. */
async function put(out, write) {
  const fresh = `${out}.${process.pid}`;
  await write(fresh);
  await rename(fresh, out);
}
