// A value that lives for 3 seconds, with the calls of samples/ttl.js of the azurecache module of 2013.
// Start a sidecar (npm start), then: node examples/ttl.cjs
const cache = require('azurecache').create();

cache.put('test2', { first: 'Tomasz', last: 'Janczuk' }, 3, (error) => {
  if (error) throw error;
  cache.get('test2', (error, data) => {
    if (error) throw error;
    console.log('Data from cache:', data);
    console.log('Waiting 5 seconds to allow for TTL expiration...');
    setTimeout(() => {
      cache.get('test2', (error, data) => {
        if (error) throw error;
        console.log('Data from cache:', data);
      });
    }, 5000);
  });
});
