import { resolve } from 'node:path'
import { clock } from '../app/clock-and-ids.ts'
import { openDatabase } from '../app/database.ts'
import type { App } from '../app/open-app.ts'
import { doubtsOf, type UpstreamConfig } from '../config/read-config.ts'
import { AppError } from '../core/error.ts'
import { refuseTakenPort } from '../http/listen.ts'
import { limitMemory } from '../limit-memory.ts'
import { explainStart, mayPass, showAddress } from '../store/open.ts'
import { createEmit, type Emit, type Listener } from '../telemetry/emit.ts'
import { createLog } from '../telemetry/log.ts'
import { VERSION } from '../version.ts'
import { defineCommand } from './command.ts'
import { adviceOn, fail, refuse, wordsOf } from './ending.ts'
import { loadConfig } from './environment.ts'

const BROKEN = 'nothing more is acknowledged; start again to recover, with the latest version'

/** Runs the service until SIGTERM or SIGINT; a second signal ends it at once. */
const serve = async (): Promise<void> => {
  const config = loadConfig('upstream')
  const log = createLog({ level: config.log.level, version: VERSION, now: clock.now })
  const emit = createEmit([log])
  process.on('SIGUSR1', signal => emit('debugger.refused', { signal }))
  const app = await start(config, log).catch((error: unknown) => refuseToStart(error, config))
  emit('listening', {
    url: app.url,
    database: pathOf(config),
    account: config.upstream.account,
    roles: config.node.roles.join(','),
  })
  if (config.server.adminToken === null)
    emit('admin.closed', {
      reason: 'ADMIN_TOKEN is not set, so /v1/admin answers 404, except to tokens of admin-token create',
    })
  for (const { setting, message } of doubtsOf(config)) emit('setting.doubted', { setting, reason: message.en })
  app.store.hints.on('broken', error => {
    emit('database.broken', { error, advice: adviceOn(error)?.en ?? BROKEN })
    process.exit(1)
  })
  process.on('uncaughtException', error => {
    emit('process.failed', { error })
    process.exit(1)
  })
  stopOnSignal(app, emit)
  limitMemory()
}

const pathOf = ({ storage: { database } }: UpstreamConfig): string =>
  database.kind === 'sqlite' ? resolve(database.path) : showAddress(database.url.reveal())

/** Ends the command after a failed start. A database that opens may still fail at the first write. */
const refuseToStart = (thrown: unknown, { storage: { database } }: UpstreamConfig): never => {
  const error = thrown instanceof AppError ? explainStart(thrown, database) : thrown
  const { en, zh } = wordsOf(error)
  return mayPass(error) ? fail({ en, zh }) : refuse({ en, zh })
}

/** Opens the database on its thread while the other modules load. If it breaks meanwhile, the start fails. */
const start = async (config: UpstreamConfig, log: Listener): Promise<App> => {
  await refuseTakenPort(config.server)
  const database = openDatabase(config, { emit: createEmit([log]), as: 'service' })
  const [{ openApp }, { hints }] = await Promise.all([import('../app/open-app.ts'), database])
  const broken = new Promise<never>((_resolve, reject) => hints.once('broken', reject))
  return Promise.race([openApp(config, log, database), broken])
}

const stopOnSignal = (app: App, emit: Emit) => {
  let stopping = false
  const onSignal = (signal: string) => {
    if (stopping) process.exit(1)
    stopping = true
    emit('service.stopping', { signal })
    app[Symbol.asyncDispose]().then(
      () => {
        emit('service.stopped')
        process.exit(0)
      },
      (error: unknown) => {
        emit('service.stop_failed', { error })
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

export const commands = [
  defineCommand({
    path: 'serve',
    words: { en: 'run the API, the poller and the deliverer in this process', zh: '在本进程中运行接口、查询与投递' },
    printsData: false,
    run: serve,
  }),
]
