namespace CodeAgent.System.Tests;
