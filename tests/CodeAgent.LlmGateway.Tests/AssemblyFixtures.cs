using CodeAgent.Testing.Redis;

[assembly: AssemblyFixture(typeof(GarnetFixture))]
