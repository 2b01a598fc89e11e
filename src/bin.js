#!/usr/bin/env node
// The command, as it is published and from its source. Node's type stripper takes 18 MB and is loaded for the first
// file that is TypeScript, so this one is not: all others come out of the cache, on the threads too.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
// better-sqlite3 crashes old versions of Node, so this looks before anything else is loaded.
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`idface-notifier needs Node 22.19 or later; this is ${process.versions.node}\n`)
  process.exit(2)
}
const { enableCompileCache } = await import('node:module')
const { fileURLToPath } = await import('node:url')

// Node opens its debugger, which shows all secrets, at this signal, unless somebody listens.
process.on('SIGUSR1', () => {})

// How much memory V8 and malloc may take is read when a process starts, and is far more by default (decisions/009). So, however
// it was started, the service begins anew in its own place: the same process id, and no process in between.
const MEMORY_FLAG = '--max-semi-space-size'
const isLimited = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some(text => text.includes(MEMORY_FLAG))
if (process.argv[2] === 'serve' && !isLimited && typeof process.execve === 'function' && process.platform !== 'win32') {
  // V8 begins with 1 MB, and a start would be collected ten times and more.
  const flags = [...process.execArgv, `${MEMORY_FLAG}=8`, '--min-semi-space-size=4']
  const args = [process.execPath, ...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  process.execve(process.execPath, args, { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072', ...process.env })
}

// What follows is compiled once and kept beside the packages: half the start, and 20 MB less, the next time. The threads look for
// it by the variable.
process.env.NODE_COMPILE_CACHE ||= fileURLToPath(new URL('../node_modules/.cache/idface-notifier', import.meta.url))
enableCompileCache(process.env.NODE_COMPILE_CACHE)
const { runCommand } = await import('./cli/commands.ts')
await runCommand()
