#!/usr/bin/env node
// The published command. better-sqlite3 crashes old versions of Node, so this looks before anything else is loaded.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`idface-notifier needs Node 22.19 or later; this is ${process.versions.node}\n`)
  process.exit(2)
}
await import('./cli.ts')
