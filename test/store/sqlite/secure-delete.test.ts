import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SUCCESS } from '../../support/store.ts'
import { newPath, onFile, openFileBench } from '../support/files.ts'

test('erased data is overwritten in the file, not only freed', async () => {
  const path = newPath()
  const bench = await openFileBench(path, { startAt: 1_000 })
  await bench.register({ idcardid: 'kept' })
  await bench.register({ idcardid: 'marker-erased', callbackUrl: 'https://partner.example/marker-path' })
  await bench.poll(SUCCESS)
  await bench.deliver(200)
  await bench.advance(1_000)
  await bench.register({ idcardid: 'kept-too' })
  await bench.store.prune(2_000, 10, null)
  await bench.store.close()
  onFile(path, file => file.pragma('wal_checkpoint(TRUNCATE)'))
  const bytes = readFileSync(path, 'latin1')
  expect(bytes).toContain('kept-too')
  for (const marker of ['marker-erased', 'marker-path']) expect(bytes).not.toContain(marker)
})
