import { join } from 'node:path'
import { clock, createIds, random } from '../../app/clock-and-ids.ts'
import { openApp } from '../../app/open-app.ts'
import { createClient } from '../../client/index.ts'
import { type Environment, readConfig } from '../../config/read-config.ts'
import { newPartner } from '../../core/new-partner.ts'
import { openReceiver } from '../../simulator/receiver.ts'
import { scriptOfSerial } from '../../simulator/script.ts'
import { openUpstreamSimulator } from '../../simulator/upstream.ts'
import { createLog } from '../../telemetry/log.ts'

const ACCOUNT = { apiId: 'demo', apiKey: 'demo-key' }

/** Settings with which the demo ends within ten seconds; all others are the defaults of `serve`. */
const settingsFor = (folder: string, upstreamUrl: string, adminToken: string): Environment => ({
  DATABASE_URL: `file:${join(folder, 'demo.db')}`,
  PORT: '0',
  IHUYI_ACCOUNT: ACCOUNT.apiId,
  IHUYI_API_KEY: ACCOUNT.apiKey,
  IHUYI_URL: upstreamUrl,
  POLL_MIN_INTERVAL: '1s',
  NOT_FOUND_GRACE: '7s',
  RETRY_SCHEDULE: '1s,2s',
  CALLBACK_ALLOW_HTTP: 'true',
  CALLBACK_ALLOW_NETWORKS: '127.0.0.0/8',
  ADMIN_TOKEN: adminToken,
  LOG_LEVEL: 'silent',
})

export type Stage = Awaited<ReturnType<typeof openStage>>

/** Opens GetResult, the service with one partner, and the partner's receiver in this process. The database is in `folder`. */
export const openStage = async (folder: string) => {
  const simulator = await openUpstreamSimulator({ accounts: [ACCOUNT], now: clock.now, defaultScript: scriptOfSerial })
  const adminToken = random(24).toString('base64url')
  const read = readConfig(settingsFor(folder, simulator.url, adminToken), 'upstream', false)
  if (!read.ok) throw new Error(read.problems.map(({ setting, message }) => `${setting}: ${message.en}`).join('\n'))
  const app = await openApp(read.config, createLog({ level: read.config.log.level, now: clock.now }))
  const { partner, apiKey, signingSecret } = newPartner('Demo', { newId: createIds(), random })
  await app.store.createPartner(partner)
  const receiver = await openReceiver({ secrets: [signingSecret], now: clock.now })

  return {
    url: app.url,
    simulator,
    receiver,
    apiKey,
    adminToken,
    signingSecret,
    /** The partner's side of the API, over real HTTP. */
    client: createClient({ baseUrl: app.url, apiKey }),
    close: async (): Promise<void> => {
      await app[Symbol.asyncDispose]()
      await Promise.all([simulator.close(), receiver.close()])
    },
  }
}
