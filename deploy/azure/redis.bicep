// Azure Managed Redis for the entries. No access keys: who may use it is told by redis-access.bicep.

param name string
param location string
@description('Size. Balanced_B0 has 0.5 GB.')
param sku string = 'Balanced_B0'

resource cluster 'Microsoft.Cache/redisEnterprise@2025-04-01' = {
  name: name
  location: location
  sku: {
    name: sku
  }
  properties: {
    highAvailability: 'Enabled'
    minimumTlsVersion: '1.2'
  }
}

resource database 'Microsoft.Cache/redisEnterprise/databases@2025-04-01' = {
  parent: cluster
  name: 'default'
  properties: {
    clientProtocol: 'Encrypted'
    port: 10000
    // The near cache is off on a cluster (docs/http-api.md). Newer versions of this API have the policy NoCluster, for
    // caches of up to 25 GB; not tried.
    clusteringPolicy: 'OSSCluster'
    evictionPolicy: 'AllKeysLRU'
    accessKeysAuthentication: 'Disabled'
  }
}

output name string = cluster.name
output hostName string = cluster.properties.hostName
output databaseName string = database.name
