// yarn 1 asks one registry for advisories, whatever its configuration says: this sends every request to the one of the cases.
const http = require('node:http');
const https = require('node:https');

const registry = new URL(process.env.RCREPRO_HOLLOW_REGISTRY);

https.request = (options, answered) => {
  const place = { protocol: 'http:', host: registry.hostname, hostname: registry.hostname, port: registry.port, agent: undefined };
  const request = http.request({ ...options, ...place }, answered);
  // What a connection with TLS has when its certificate is good.
  request.on('socket', (socket) => { socket.authorized = true; });
  return request;
};
