// Counts in a session, as samples/express.js of the azurecache module of 2013 did, on the express of its time. Start it
// twice, on two ports: both count together.
// Start a sidecar (npm start), then: PORT=3000 node examples/express3.cjs
// Here `express3` is express 3.21.2 (package.json); an application of then has it as `express`.
const express = require('express3');
const AzureCacheStore = require('azurecache')(express);

const app = express();

app.use(express.cookieParser());
app.use(express.session({ store: new AzureCacheStore(), secret: 'abc!123' }));

app.get('/inc', (req, res) => {
  req.session.counter = req.session.counter + 1 || 1;
  res.send(200, `Increased sum: ${req.session.counter}`);
});

app.get('/get', (req, res) => {
  res.send(200, `Current sum: ${req.session.counter}`);
});

const server = app.listen(process.env.PORT || 3000);
server.once('listening', () => console.log('Listening on port', server.address().port));
