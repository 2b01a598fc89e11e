import type { Language } from './language.ts'
import type { NodeTrait } from './node.ts'

const TRAITS: Readonly<Record<Language, Readonly<Record<NodeTrait, Record<'name' | 'remedy', string>>>>> = {
  en: {
    version: {
      name: 'version',
      remedy: 'During an upgrade this passes. If it stays, upgrade the nodes that are left, or go back.',
    },
    settings: {
      name: 'settings',
      remedy:
        'Give all nodes the same settings, but for ROLES and those of the machine itself, and restart those that differ.',
    },
    key: {
      name: 'master key',
      remedy:
        'Give all nodes the same MASTER_KEY, and during a rekey the one before as MASTER_KEY_PREVIOUS: a node cannot open what is sealed under a key that it has not.',
    },
  },
  zh: {
    version: { name: '版本', remedy: '升级期间属正常现象；若持续存在，请升级其余节点，或退回原版本。' },
    settings: { name: '配置', remedy: '除 ROLES 和机器自身的配置外，请让各节点配置相同，并重启不一致的节点。' },
    key: {
      name: '主密钥',
      remedy:
        '请让各节点使用相同的 MASTER_KEY；rekey 期间把旧密钥设为 MASTER_KEY_PREVIOUS。节点无法解密用它没有的密钥加密的数据。',
    },
  },
}

export const namesOf = (traits: readonly NodeTrait[], language: Language): string =>
  traits.map(trait => TRAITS[language][trait].name).join(language === 'zh' ? '、' : ', ')
export const remediesOf = (traits: readonly NodeTrait[], language: Language): string =>
  traits.map(trait => TRAITS[language][trait].remedy).join(language === 'zh' ? '' : ' ')
