import { randomBytes } from 'node:crypto'
import { keyBeside } from '../../../src/store/master-key.ts'

/** One of several processes that want the key at the same moment: says that it is ready, waits for a word, then goes. */
const tell = (message: unknown) => process.send?.(message)

process.once('message', () => {
  try {
    const { key, created } = keyBeside(process.argv[2] ?? '', randomBytes)
    tell({ key: key.toString('base64'), created })
  } catch (error) {
    tell({ key: String(error), created: false })
  }
  process.disconnect()
})
tell('ready')
