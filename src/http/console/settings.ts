import { html } from 'hono/html'
import type { SettingsAnswer } from '../admin/settings.ts'
import { type ConsolePage, type Html, PAGE_NAMES, type Reader, table } from './page.ts'
import type { Console, Visit } from './visit.ts'

type Setting = SettingsAnswer['data'][number]

const inForce = ({ t }: Reader, { value, secret, isDefault }: Setting): Html => {
  if (value) return isDefault ? html`<code>${value}</code>` : html`<strong><code>${value}</code></strong>`
  const isHidden = secret && !isDefault
  return t(isHidden ? { en: 'set (not shown)', zh: '已设置（不显示）' } : { en: 'not set', zh: '未设置' })
}

const settingsPage = async (visit: Visit): Promise<ConsolePage> => {
  const { call, t } = visit
  const { data } = await call<SettingsAnswer>('GET', '/v1/admin/settings')
  return {
    body: html`<p>${t({
      en: 'Settings of the node that served this page. Values other than the default are bold. Change them where the service is started.',
      zh: '以下为响应本页的节点的设置，粗体为非默认值。请在启动服务处修改。',
    })}</p>
    ${table(visit, PAGE_NAMES.settings, {
      items: data,
      columns: [
        [{ en: 'Name', zh: '名称' }, ({ name }) => html`<code>${name}</code>`],
        [{ en: 'In force', zh: '当前值' }, setting => inForce(visit, setting)],
        [{ en: 'Default', zh: '默认值' }, one => (one.default ? html`<code>${one.default}</code>` : '–')],
        [{ en: 'Meaning', zh: '含义' }, ({ meaning }) => meaning.replaceAll('`', '')],
      ],
    })}`,
  }
}

/** `/console/settings`: the settings in force. */
export const addSettings = ({ page }: Console): void => page('settings', settingsPage)
