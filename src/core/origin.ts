/** Target of a connection: the parts of a URL that determine it. */
export interface Origin {
  protocol: 'http:' | 'https:'
  /** A name, or an address without brackets. */
  hostname: string
  port: number
  /** As in the `Host` header: with the port unless it is the scheme's default, IPv6 in brackets. */
  host: string
}

/** Returns the target of a URL. */
export const originOf = ({ protocol, hostname, port, host }: URL): Origin => {
  const isSecure = protocol === 'https:'
  return {
    protocol: isSecure ? 'https:' : 'http:',
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    host,
  }
}
