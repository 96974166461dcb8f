//! A follower of `/ws`.

use std::net::SocketAddr;

use balas_domain::{
    Seq,
    socket::{ClientFrame, ServerFrame},
};
use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as WsError, Message, Utf8Bytes,
        client::IntoClientRequest,
        error::ProtocolError,
        handshake::client::Request,
        http::{HeaderValue, header},
        protocol::WebSocketConfig,
    },
};

use crate::{Error, Result};

/// An open socket.
#[derive(Debug)]
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects as the owner of a bearer token, without saying hello.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        let mut request: Request = format!("ws://{address}/ws").into_client_request()?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
        let bearer = bearer.map_err(|_| Error::Server("the token cannot stand in a header".to_owned()))?;
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let stream = TcpStream::connect(address).await.map_err(Error::io("cannot connect to the server"))?;
        stream.set_nodelay(true).map_err(Error::io("cannot set up the connection"))?;
        // Small buffers: there may be a thousand of these in one process.
        let config = WebSocketConfig::default().read_buffer_size(8 * 1024).write_buffer_size(1024);
        let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
        Ok(Self(socket))
    }

    /// Says hello.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn hello(&mut self, since: Seq) -> Result<()> {
        let frame = serde_json::to_string(&ClientFrame::Hello { since })?;
        Ok(self.0.send(Message::Text(frame.into())).await?)
    }

    /// The next text frame, unread; `None` when the server closed the socket. Pings are answered on the way.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn text(&mut self) -> Result<Option<Utf8Bytes>> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(Some(text)),
                // A killed server says no good-bye.
                Some(
                    Ok(Message::Close(_))
                    | Err(
                        WsError::ConnectionClosed
                        | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake),
                    ),
                )
                | None => return Ok(None),
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(e.into()),
            }
        }
    }

    /// The next frame; `None` when the server closed the socket.
    ///
    /// # Errors
    /// When the connection broke, or the frame is not one that was agreed.
    pub async fn frame(&mut self) -> Result<Option<ServerFrame>> {
        Ok(match self.text().await? {
            Some(text) => Some(serde_json::from_str(&text)?),
            None => None,
        })
    }
}
