import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { readClientPackage } from '../../src/http/built-files.ts'
import { openFolder } from '../support/service.ts'

test('the client package is read as it was built, and where it was not, a 503 says how to build it', async () => {
  await using folder = await openFolder()
  const file = pathToFileURL(join(folder.path, 'client.tgz'))
  await expect(readClientPackage(file)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('npm run build:client'),
  })
  await writeFile(file, 'the package')
  expect(Buffer.from(await readClientPackage(file)).toString()).toBe('the package')
})
