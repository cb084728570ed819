//! The door: how a connection gets into a room, and what it is answered then.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::get_current_timestamp;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::{
    room::{
        Charter, Directory,
        admission::{self, Claim, Entrance},
        handle::{Joined, RoomHandle},
        media_state::MediaState,
        seat::Attachment,
        view::RoomView,
    },
    signaling::{
        errors::RequestError,
        messages::{
            CreateRoom, JoinRoom, KeptMedia, ResumeSession, Role, RoomCreated, RoomJoined, Session,
        },
        request::Reply,
    },
    tokens::{Digest, Invitation, Reentry, Revocation, Revoker, Tokens},
};

/// How long whoever leaves waits for its room to know.
const KNOWN: Duration = Duration::from_secs(1);
const MAX_NAME: usize = 64;
const MAX_PASSWORD: usize = 128;

/// Lets people in. Clones are doors of the same house.
#[derive(Clone, Debug)]
pub struct Door {
    /// Knows every room.
    pub directory: Directory,
    /// Checks what is shown.
    pub tokens: Tokens,
    /// Knows which rejoin tokens hold no longer.
    pub revoker: Revoker,
}

/// A connection's place in a room.
pub struct Inside {
    /// Who.
    pub peer_id: String,
    /// Where.
    pub room: RoomHandle,
    /// The hold on its seat.
    pub attachment: Attachment,
    /// The last state of the room the client knows.
    pub told: Arc<RoomView>,
    /// How its media arrives.
    pub media: watch::Receiver<Arc<MediaState>>,
    /// The last state of its media the client knows.
    pub told_media: Arc<MediaState>,
    /// When the client needs a newer rejoin token.
    pub renew: Instant,
}

impl Inside {
    /// Leaves for good; the room knows when this returns, but where somebody has joined again as the same peer meanwhile.
    pub async fn leave(&mut self) {
        if self.attachment.leave().await {
            let mut view = self.room.view.clone();
            let known = view.wait_for(|room| room.farewell(&self.peer_id).is_some());
            // A room that is gone has nobody in it.
            drop(timeout(KNOWN, known).await);
        }
    }

    /// Why this place is the connection's no more, if it is not.
    pub fn farewell(&self) -> Option<RequestError> {
        // Asked first: then the room's last word is known.
        let has_ended = self.room.view.has_changed().is_err();
        let farewell = self.room.view.borrow().farewell(&self.peer_id);
        match farewell {
            // Why somebody is in the room no more whom no host has removed, the seat knows.
            None | Some(RequestError::SessionNotFound) => {
                let failed = || has_ended.then_some(RequestError::Fault);
                self.attachment.farewell().or_else(failed).or(farewell)
            }
            farewell => farewell,
        }
    }
}

impl Door {
    /// `createRoom`
    pub async fn create(&self, request: CreateRoom) -> Result<(Inside, Reply), RequestError> {
        let CreateRoom { display_name, password, join_token, room_id } = request;
        let bad = |reason: &str| RequestError::BadPayload {
            event: "createRoom".into(),
            reason: reason.into(),
        };
        if room_id.is_some() {
            return Err(bad(
                "the server chooses roomId; joinRoom with a rejoinToken opens a room again",
            ));
        }
        if password.as_ref().is_some_and(|it| !(1..=MAX_PASSWORD).contains(&it.chars().count())) {
            return Err(bad("password takes 1 to 128 characters"));
        }
        let invitation = self.tokens.invitation(join_token.as_deref(), None)?;
        let invalid =
            |reason: &str| RequestError::InvalidToken { token: "joinToken", reason: reason.into() };
        if invitation.as_ref().is_some_and(|invitation| !invitation.host) {
            return Err(invalid("its role is not host"));
        }
        let name = invitation.as_ref().and_then(|it| it.name.clone()).or(display_name);
        let (mut charter, host_token) = self.draw_up(invitation.map(|it| it.room));
        let proof = password.map(|it| self.tokens.password_proof(&charter.room_id, &it));
        charter.settings.password = proof;
        let entrance = Entrance {
            display_name: name.and_then(clean_name),
            role: Role::Publisher,
            password: None,
            host_token: Some(charter.host),
            claim: Claim::Stranger,
        };
        let (room, is_new) = self.directory.open(charter).await?;
        if !is_new {
            return Err(invalid("its room is open already; call joinRoom"));
        }
        let (inside, room) = self.enter(room, entrance).await?;
        Ok((inside, RoomCreated { room, host_token }.into()))
    }

    /// `joinRoom`
    pub async fn join(&self, request: JoinRoom) -> Result<(Inside, Reply), RequestError> {
        let JoinRoom { room_id, display_name, .. } = &request;
        // Why a token that would open the room does not, which its holder is told when the room is not open.
        let mut voided = None;
        let revoked = self.revoker.list();
        let now = get_current_timestamp();
        // Whose word opens the room, opens it when it is not open.
        let (charter, claim, name, role) = match &request.rejoin_token {
            Some(token) => {
                let (reentry, expires) = self.tokens.reentry(token, room_id)?;
                if let Some(reason) = revoked.of(&reentry) {
                    return Err(reason);
                }
                let (name, role) = (reentry.display_name.clone(), reentry.role);
                // Whoever may only watch opens nothing, and nobody opens what may have ended.
                if role == Role::Publisher {
                    voided = revoked.may_open(expires).err();
                }
                let opens = role == Role::Publisher && voided.is_none();
                let mut charter = opens.then(|| reentry.charter.clone());
                if let (Some(charter), Some(lock)) =
                    (&mut charter, revoked.lock_of(reentry.charter.host, now))
                {
                    charter.learn(lock);
                }
                (charter, Claim::Returning(Box::new(reentry)), name, role)
            }
            None => match self.tokens.invitation(request.join_token.as_deref(), Some(room_id))? {
                None => (None, Claim::Stranger, None, request.role.unwrap_or_default()),
                Some(Invitation { role, host, name, .. }) => {
                    // Whoever was locked out would open the room without its lock.
                    if !host && revoked.is_locked(room_id, now) {
                        voided = Some(RequestError::RoomLocked(room_id.clone()));
                    }
                    let opens = role == Role::Publisher && voided.is_none();
                    let charter = opens.then(|| self.draw_up(Some(room_id.clone())).0);
                    (charter, Claim::Invited { host }, name, role)
                }
            },
        };
        let proof = |password: &String| self.tokens.password_proof(room_id, password);
        let entrance = Entrance {
            display_name: name.or_else(|| display_name.clone()).and_then(clean_name),
            role,
            password: request.password.as_ref().map(proof),
            host_token: request.host_token.as_deref().map(Digest::of),
            claim,
        };
        let (inside, reply) = match charter {
            Some(charter) => self.open_and_enter(charter, entrance).await?,
            None => {
                let room = self.directory.find(room_id).await;
                let room = room.map_err(|not_open| voided.unwrap_or(not_open))?;
                self.enter(room, entrance).await?
            }
        };
        Ok((inside, reply.into()))
    }

    async fn open_and_enter(
        &self,
        charter: Charter,
        entrance: Entrance,
    ) -> Result<(Inside, RoomJoined), RequestError> {
        let charter = Charter { invited_only: self.tokens.wants_invitations(), ..charter };
        if self.directory.find(&charter.room_id).await.is_err() {
            admission::place(&entrance, &charter, &charter.settings)?;
        }
        let (room, is_new) = self.directory.open(charter.clone()).await?;
        match self.enter(room, entrance.clone()).await {
            // It was empty, and ended at that very moment.
            Err(RequestError::RoomNotFound(_)) if !is_new => {
                let (room, _) = self.directory.open(charter).await?;
                self.enter(room, entrance).await
            }
            entered => entered,
        }
    }

    /// `resumeSession`
    pub async fn resume(&self, request: ResumeSession) -> Result<(Inside, Reply), RequestError> {
        let ResumeSession { room_id, session_id, secret } = request;
        let room = self.directory.find(&room_id).await?;
        let (peer_id, seat) = room.resume(session_id.clone(), Digest::of(&secret)).await?;
        let attachment = seat.attach().await?;
        let kept = attachment.kept().await?;
        let joined = Joined { peer_id, session_id, secret, attachment };
        let (inside, reply) = self.settle(room, joined, kept)?;
        Ok((inside, reply.into()))
    }

    /// What opens the room again after a restart, as `view` has it now; none for whoever is in it no more.
    pub fn rejoin_token(&self, inside: &mut Inside, view: &RoomView) -> Option<String> {
        let member = view.members.get(&inside.peer_id).cloned()?;
        let charter = inside.room.charter_as(view);
        // The lock is remembered for as long as there is a token that brings it back, and what is remembered is what counts.
        let is_locked = || self.revoker.list().is_locked(&charter.room_id, get_current_timestamp());
        if view.settings.locked.is_some() || is_locked() {
            self.revoker.note(Revocation::Lock(charter.lock()));
        }
        // Whatever happens, half a lifetime is left.
        inside.renew = Instant::now() + self.tokens.rejoin_lifetime() / 2;
        Some(self.tokens.sign_reentry(Reentry {
            charter,
            peer_id: inside.peer_id.clone(),
            display_name: member.display_name,
            role: member.role,
            host: member.host,
            joined: member.joined,
        }))
    }

    /// A new room of this server.
    fn draw_up(&self, room_id: Option<String>) -> (Charter, String) {
        let (charter, host_token) = Charter::draw_up(room_id);
        (Charter { invited_only: self.tokens.wants_invitations(), ..charter }, host_token)
    }

    async fn enter(
        &self,
        room: RoomHandle,
        entrance: Entrance,
    ) -> Result<(Inside, RoomJoined), RequestError> {
        let joined = room.join(entrance).await?;
        self.settle(room, joined, KeptMedia::default())
    }

    fn settle(
        &self,
        mut room: RoomHandle,
        joined: Joined,
        kept: KeptMedia,
    ) -> Result<(Inside, RoomJoined), RequestError> {
        let Joined { peer_id, session_id, secret, attachment } = joined;
        let now = Arc::clone(&room.view.borrow());
        let gone = || now.farewell(&peer_id).unwrap_or(RequestError::SessionNotFound);
        let member = now.members.get(&peer_id).ok_or_else(gone)?;
        // The reply says who sends what, and how the room is set; peers that send nothing, who speaks, and the broadcast's
        // status follow as facts, for clients that know no other way.
        let mut members = now.members.clone();
        members.retain(|id, member| *id == peer_id || !member.tracks.is_empty());
        let told = RoomView { members, settings: now.settings.clone(), ..RoomView::default() };
        room.view.mark_changed();
        let kept_for = u64::try_from(room.seat_grace.as_millis()).unwrap_or(u64::MAX);
        let mut reply = RoomJoined {
            room_id: room.id().to_owned(),
            watch_id: room.charter.watch_id.clone(),
            peer_id: peer_id.clone(),
            role: member.role,
            host: member.host,
            rtp_capabilities: room.capabilities.clone(),
            producers: now.producers().producers,
            peers: now.peers(),
            settings: now.settings.told(),
            session: Session { id: session_id, secret, kept_for },
            rejoin_token: String::new(),
            kept,
        };
        let (told, told_media) = (Arc::new(told), Arc::default());
        let media = attachment.media();
        let renew = Instant::now();
        let mut inside = Inside { peer_id, room, attachment, told, media, told_media, renew };
        reply.rejoin_token = self.rejoin_token(&mut inside, &now).unwrap_or_default();
        Ok((inside, reply))
    }
}

/// A name without control characters, cut to [`MAX_NAME`]; none if nothing is left.
fn clean_name(name: String) -> Option<String> {
    let clean: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::clean_name;

    #[test]
    fn names_are_cut_and_cleaned() {
        assert_eq!(clean_name("  Ada\n\0 ".into()), Some("Ada".into()));
        assert_eq!(clean_name(" \t ".into()), None);
        assert_eq!(clean_name("é".repeat(100)).map(|name| name.chars().count()), Some(64));
    }
}
