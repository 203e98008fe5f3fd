// Runs a script of ours as mongosh does, on a real mongod: `db` sends each command through mongo_command.py.
// Arguments: the script, the Python interpreter, the bridge, the address.
const { execFileSync } = require("node:child_process");
const { readFileSync } = require("node:fs");
const vm = require("node:vm");

const [script, python, bridge, address] = process.argv.slice(2);
let credentials = null;

function database(name) {
  return {
    getSiblingDB: database,
    auth: (user, password) => {
      credentials = { user, password };
      database(name).runCommand({ ping: 1 });
    },
    runCommand: (command) => {
      const request = JSON.stringify({ address, credentials, database: name, command });
      const answer = JSON.parse(execFileSync(python, [bridge], { input: request, encoding: "utf8" }));
      if (answer.error) throw new Error(answer.error);
      return answer;
    },
  };
}

vm.runInNewContext(readFileSync(script, "utf8"), { db: database("test"), process, quit: process.exit });
