// Portkey listens on all interfaces and has no setting for it. A benchmark is nothing for the network.
const { Server } = require("node:net");
const listen = Server.prototype.listen;

Server.prototype.listen = function (port, ...rest) {
  return typeof port === "number" ? listen.call(this, port, "127.0.0.1", ...rest.filter((value) => typeof value === "function"))
    : listen.call(this, { ...port, host: "127.0.0.1" }, ...rest);
};
