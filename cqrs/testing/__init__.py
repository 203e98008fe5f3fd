"""What tests of applications need.

`given_when_then.given(saga).when(event).then(command)`: sagas without a store.
`drain.drain(step)`: do all the work that there is, without a worker.
`waiting.wait_until(condition, what)`: poll with a deadline.
"""
