// Run once, when the volume is empty: the application's user, which may read and write its own databases only.
db.getSiblingDB("admin").runCommand({
  createUser: "cqrs",
  pwd: process.env.MONGODB_APPLICATION_PASSWORD,
  roles: [
    { role: "readWrite", db: "cqrs" },
    { role: "readWrite", db: "change-stream-broker" },
    { role: "readWrite", db: "change-feeds" },
  ],
});
