/** Addresses that exist only inside a namespace: callbacks may reach the public ones only. */
export const PUBLIC = '93.184.216.34'
export const PUBLIC_V6 = '2606:2800::34'
export const PRIVATE = '10.0.0.5'
export const PRIVATE_V6 = 'fd00::5'
export const METADATA = '169.254.169.254'
export const LOOPBACK = '127.0.0.1'
export const DENIED = [LOOPBACK, PRIVATE, METADATA, '::1', PRIVATE_V6] as const

/** Where an egress proxy listens: private itself, as they are. */
export const PROXY = '10.0.0.9'

/** Next to it on a cable, but without a host: all packets to it are lost. */
export const SWALLOWED = '8.8.8.8'
export const SWALLOWED_V6 = '2a00:1450::8'

export const PORT = 8080
