// The healthcheck: initiates the replica set where that was not done yet, and succeeds while this member takes writes.
const admin = db.getSiblingDB("admin");
admin.auth(process.env.MONGO_INITDB_ROOT_USERNAME, process.env.MONGO_INITDB_ROOT_PASSWORD);

const isInitiated = () => admin.runCommand({ hello: 1 }).setName !== undefined;
if (!isInitiated()) {
  admin.runCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: process.env.REPLICA_SET_MEMBER }] } });
}
quit(admin.runCommand({ hello: 1 }).isWritablePrimary ? 0 : 1);
