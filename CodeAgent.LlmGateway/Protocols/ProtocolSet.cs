namespace CodeAgent.LlmGateway.Protocols;

/// <summary>The protocols by name.</summary>
internal sealed class ProtocolSet(IEnumerable<IProtocol> protocols)
{
    private readonly Dictionary<Protocol, IProtocol> _protocols = protocols.ToDictionary(protocol => protocol.Name);

    public IProtocol this[Protocol name] => _protocols[name];
}
