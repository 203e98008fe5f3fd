// Run once, when the volume is empty: the application's user, which may read and write its own database only.
db.getSiblingDB("admin").runCommand({
  createUser: "cqrs",
  pwd: process.env.MONGODB_APPLICATION_PASSWORD,
  roles: [{ role: "readWrite", db: "cqrs" }],
});
