namespace CodeAgent.LlmGateway.Tests;
