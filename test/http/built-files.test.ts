import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { readClientPackage } from '../../src/http/built-files.ts'
import { openFolder } from '../support/service.ts'

test('the client package of a version is read as it was built', async () => {
  await using folder = await openFolder()
  const served = pathToFileURL(join(folder.path, '/'))
  await expect(readClientPackage('1.2.3', served)).rejects.toMatchObject({ code: 'not_found' })
  await writeFile(new URL('client-1.2.3.tgz', served), 'the package')
  expect(Buffer.from(await readClientPackage('1.2.3', served)).toString()).toBe('the package')
})
