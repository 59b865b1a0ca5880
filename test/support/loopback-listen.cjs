// Preload (`node -r`): a server that binds every address is bound to 127.0.0.1 instead, and says which port it got.
const { Server } = require('node:net');

const listen = Server.prototype.listen;
Server.prototype.listen = function (first, ...rest) {
  const options =
    typeof first === 'object' ? { ...first, host: '127.0.0.1' } : { port: first, host: '127.0.0.1' };
  const callback = rest.find((argument) => typeof argument === 'function');
  this.once('listening', () => {
    console.log(`listening ${this.address().port}`);
  });
  return listen.call(this, options, callback);
};
