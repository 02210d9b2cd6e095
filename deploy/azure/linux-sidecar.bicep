// A Linux web app with the sidecar in a container of its own beside it, and its cache. Page: deploy/linux-sidecar.

@description('Of the site and its plan; the cache is called the same with -cache behind it.')
param name string
param location string = resourceGroup().location
param planSku string = 'P0v3'
@description('The Azure Container Registry, in this resource group, that has the image of deploy/Dockerfile.linux.')
param registryName string
@description('Name and version of the image in that registry.')
param image string = 'azurecache-sidecar:1.0.0'

// The built-in role AcrPull.
var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
// What the container is given: the value of the app setting of that name.
var settings = [
  'AZURE_CACHE_IDENTIFIER'
  'AZURE_CACHE_ENTRA'
  'AZURE_CACHE_KEY_PREFIX'
]

module cache 'redis.bicep' = {
  name: 'cache'
  params: {
    name: '${name}-cache'
    location: location
  }
}

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: registryName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: name
  location: location
  kind: 'linux'
  sku: {
    name: planSku
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  kind: 'app,linux'
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    siteConfig: {
      linuxFxVersion: 'NODE|22-lts'
      alwaysOn: true
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      appSettings: [
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
        {
          // For the client in the app: containers of one site share localhost.
          name: 'AZURE_CACHE_URL'
          value: 'http://127.0.0.1:22233'
        }
      ]
    }
  }
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, site.id, acrPull)
  scope: registry
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
    principalId: site.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource sidecar 'Microsoft.Web/sites/sitecontainers@2024-11-01' = {
  parent: site
  name: 'azurecache'
  dependsOn: [
    pull
  ]
  properties: {
    image: '${registry.properties.loginServer}/${image}'
    isMain: false
    authType: 'SystemIdentity'
    targetPort: '22233'
    environmentVariables: [
      for setting in settings: {
        name: setting
        value: setting
      }
    ]
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
