// Counts in a session, on express 5 and express-session. Start it twice, on two ports: both count together.
// Start a sidecar (npm start), then: PORT=3000 node examples/express5.cjs
const express = require('express');
const session = require('express-session');
const AzureCacheStore = require('azurecache')(session);

const app = express();

app.use(
  session({
    store: new AzureCacheStore(),
    secret: 'abc!123',
    resave: false, // Sessions that nothing has changed are touched, not saved.
    saveUninitialized: false, // Who has nothing in the session gets no cookie.
  }),
);

app.get('/inc', (req, res) => {
  req.session.counter = req.session.counter + 1 || 1;
  res.send(`Increased sum: ${req.session.counter}`);
});

app.get('/get', (req, res) => {
  res.send(`Current sum: ${req.session.counter}`);
});

const server = app.listen(process.env.PORT || 3000);
server.once('listening', () => console.log('Listening on port', server.address().port));
