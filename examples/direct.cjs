// Puts a value and gets it back, with the calls of samples/direct.js of the azurecache module of 2013.
// Start a sidecar (npm start), then: node examples/direct.cjs
const cache = require('azurecache').create();

cache.put('test1', { first: 'Tomasz', last: 'Janczuk' }, (error) => {
  if (error) throw error;
  cache.get('test1', (error, data) => {
    if (error) throw error;
    console.log('Data from cache:', data);
  });
});
