namespace CodeAgent.Worker.Tests;
