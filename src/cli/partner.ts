import { createIds, random } from '../app/clock-and-ids.ts'
import { newPartner } from '../core/new-partner.ts'
import { viewPartner } from '../http/admin/partners.ts'
import { listAll } from '../store/list-all.ts'
import { audited } from './audit.ts'
import { complain, print, withStore } from './environment.ts'
import { FINDING_TEXTS, findPartner, nameOfPartner } from './find-partner.ts'
import type { Common } from './frame/command.ts'
import { listJson, showTable } from './frame/output.ts'
import { addressOf, exportsOf } from './partner-environment.ts'

const TEXTS = {
  en: {
    created: (name: string, id: string) =>
      `Created ${name} (${id}). Partners of one account have to trust each other: the first to register a serial gets its verdict. "account create … --partner ${id}" gives this one its own. The key and the secret are shown this once; keep them. To paste into a shell:`,
    head: ['id', 'name', 'disabled', 'created'],
    disabled: (name: string) => `${name} is disabled.`,
    enabled: (name: string) => `${name} is enabled.`,
  },
  zh: {
    created: (name: string, id: string) =>
      `已新建 ${name}（${id}）。共用一个上游账户的合作方须相互信任：流水号归先登记的一方，结果也只发给它。要让它独用一个账户，请运行 "account create … --partner ${id}"。以下密钥仅显示这一次，请妥善保存；可整段粘贴到终端：`,
    head: ['id', '名称', '已停用', '创建时间'],
    disabled: (name: string) => `已停用 ${name}。`,
    enabled: (name: string) => `已启用 ${name}。`,
  },
}

export const createPartner = ({ name, json, lang, reason }: Common & { name: string }): Promise<void> =>
  withStore(lang, async (store, { server }) => {
    const twin = (await listAll(store.listPartners)).find(one => one.name === name)
    const { partner, apiKey, signingSecret } = newPartner(name, { newId: createIds(), random })
    const act = { act: 'partner.create', object: partner.id, reason, after: { name } }
    const { id, name: stored } = await audited(store, act, () => store.createPartner(partner))
    if (twin) complain(`${FINDING_TEXTS[lang].several(name)}\n  ${nameOfPartner(twin)}`)
    if (json) return print(JSON.stringify({ partnerId: id, name: stored, apiKey, signingSecret }))
    print(`${TEXTS[lang].created(stored, id)}\n\n${exportsOf({ url: addressOf(server), apiKey, signingSecret })}\n`)
  })

export const listPartners = ({ json, lang }: Common): Promise<void> =>
  withStore(lang, async store => {
    const partners = await listAll(store.listPartners)
    if (json) return print(listJson(partners.map(viewPartner)))
    const rows = partners.map(one => [one.id, one.name, one.disabled, one.createdAt])
    print(showTable(TEXTS[lang].head, rows, lang))
  })

const setDisabled = (typed: string, disabled: boolean, { json, lang, reason }: Common): Promise<void> =>
  withStore(lang, async store => {
    const before = await findPartner(store, typed, lang)
    const { id, name } = before
    const edit = { before: viewPartner(before), after: { disabled } }
    const act = { act: disabled ? 'partner.disable' : 'partner.enable', object: id, reason, ...edit }
    await audited(store, act, () => store.changePartner(id, { disabled }))
    print(json ? JSON.stringify({ id, name, disabled }) : TEXTS[lang][disabled ? 'disabled' : 'enabled'](name))
  })

export const disablePartner = ({ partner, ...common }: Common & { partner: string }): Promise<void> =>
  setDisabled(partner, true, common)

export const enablePartner = ({ partner, ...common }: Common & { partner: string }): Promise<void> =>
  setDisabled(partner, false, common)
