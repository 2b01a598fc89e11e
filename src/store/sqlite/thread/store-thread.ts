import { parentPort } from 'node:worker_threads'
import { limitMemory } from '../../../limit-memory.ts'
import { serve } from './serve.ts'

/** Entry point of the threads that `openThread` starts. */
if (!parentPort) throw new Error('this runs as a thread')
serve(parentPort, limitMemory)
