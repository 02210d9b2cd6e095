// Lets an identity read and write the entries of a cache of redis.bicep. After both are there, hence a file of its own.

param cacheName string
param databaseName string
@description('The object id (principal id) of the identity.')
param principalId string

resource database 'Microsoft.Cache/redisEnterprise/databases@2025-04-01' existing = {
  name: '${cacheName}/${databaseName}'
}

resource assignment 'Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments@2025-04-01' = {
  parent: database
  name: 'azurecache'
  properties: {
    accessPolicyName: 'default'
    user: {
      objectId: principalId
    }
  }
}
