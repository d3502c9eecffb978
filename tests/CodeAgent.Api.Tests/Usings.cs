// The states of a task are meant wherever TaskStatus is written here, not those of the thread pool's tasks.
global using TaskStatus = CodeAgent.Contracts.TaskStatus;
