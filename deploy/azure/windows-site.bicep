// A Windows web app whose web.config starts the app under azurecache run, and its cache. Page: deploy/windows-site.

@description('Of the site and its plan; the cache is called the same with -cache behind it.')
param name string
param location string = resourceGroup().location
param planSku string = 'P0v3'
@description('The Node of the worker: 20, 22 or 24.')
param nodeVersion string = '~22'

module cache 'redis.bicep' = {
  name: 'cache'
  params: {
    name: '${name}-cache'
    location: location
  }
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: name
  location: location
  sku: {
    name: planSku
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  kind: 'app'
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    siteConfig: {
      // There is no edge-js for 32 bits here, and 32 bits are the default.
      use32BitWorkerProcess: false
      alwaysOn: true
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      appSettings: [
        {
          name: 'WEBSITE_NODE_DEFAULT_VERSION'
          value: nodeVersion
        }
        {
          name: 'AZURE_CACHE_IDENTIFIER'
          value: cache.outputs.hostName
        }
        {
          name: 'AZURE_CACHE_ENTRA'
          value: 'system'
        }
        {
          name: 'AZURE_CACHE_KEY_PREFIX'
          value: '${name}:'
        }
      ]
    }
  }
}

module access 'redis-access.bicep' = {
  name: 'access'
  params: {
    cacheName: cache.outputs.name
    databaseName: cache.outputs.databaseName
    principalId: site.identity.principalId
  }
}

output url string = 'https://${site.properties.defaultHostName}'
