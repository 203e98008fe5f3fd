// Run once, when the volume is empty: the application's user, which may read and write its own
// databases, change their indexes (a topic's retention is one), and nothing else.
db.getSiblingDB("admin").runCommand({
  createUser: "cqrs",
  pwd: process.env.MONGODB_APPLICATION_PASSWORD,
  roles: [
    { role: "readWrite", db: "cqrs" },
    { role: "readWrite", db: "change-stream-broker" },
    { role: "readWrite", db: "change-feeds" },
    { role: "dbAdmin", db: "cqrs" },
    { role: "dbAdmin", db: "change-stream-broker" },
  ],
});
