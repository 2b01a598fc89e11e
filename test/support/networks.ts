import { createNetworks, type Networks, readNetwork } from '../../src/core/address.ts'

export const networksOf = (...cidrs: string[]): Networks =>
  createNetworks(
    cidrs.map(cidr => {
      const network = readNetwork(cidr)
      if (network === null) throw new Error(`not a network: ${cidr}`)
      return network
    }),
  )
